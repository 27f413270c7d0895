"""From a command and a configuration to an argument list."""

"""What people see: tables, progress lines, sentences. Nothing here decides anything."""

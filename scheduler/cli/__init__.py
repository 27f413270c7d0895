"""The commands. One small module per group of commands; no logic of the product lives here."""

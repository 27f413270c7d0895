"""What people see: safe text, tables, progress lines. Nothing here decides anything."""

"""An index checked, repaired, backed up and restored."""

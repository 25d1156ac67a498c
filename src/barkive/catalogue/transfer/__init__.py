"""From one catalogue to another: copied, merged, or rebuilt."""

"""The animals of a catalogue: one record, many photos."""

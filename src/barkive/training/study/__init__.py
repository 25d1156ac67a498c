"""The study: recipes, each a network or an experiment, their runs, and the report on all."""

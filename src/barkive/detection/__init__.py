"""Where the animals are in a photo, and which of them are dogs. Knows nothing of breeds.

`detector` proposes animals, a judge says of each whether it is a dog, and `combining` makes one
answer of both. `views` are the pictures that the judge is shown.
"""

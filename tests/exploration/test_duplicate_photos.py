from barkive.exploration.duplicate_photos import Duplicates, find_duplicates


def test_the_same_file_is_an_exact_duplicate(record):
    photos = [record(digest="a"), record(digest="b"), record(digest="a", folder=0)]
    assert find_duplicates(photos) == (Duplicates("exact", (0, 2), across=False),)


def test_the_same_picture_in_other_files_is_a_near_duplicate(record):
    same = [1, 2, 3, 4]
    photos = [record(hash_=same, folder=0), record(), record(hash_=[1, 2, 3, 5], folder=1)]
    assert find_duplicates(photos) == (Duplicates("near", (0, 2), across=True),)


def test_copies_of_one_file_are_not_near_duplicates_as_well(record):
    photos = [record(digest="a", hash_=[1, 2, 3, 4]), record(digest="a", hash_=[1, 2, 3, 4])]
    assert [group.kind for group in find_duplicates(photos)] == ["exact"]


def test_a_near_group_names_the_copies_too(record):
    photos = [record(digest=digest, hash_=[1, 2, 3, 4]) for digest in "aab"]
    assert find_duplicates(photos) == (
        Duplicates("exact", (0, 1), across=False),
        Duplicates("near", (0, 1, 2), across=False),
    )


def test_those_across_breeds_come_first(record):
    photos = [record(digest=digest, folder=int(i == 3)) for i, digest in enumerate("aabb")]
    assert [group.photos for group in find_duplicates(photos)] == [(2, 3), (0, 1)]


def test_flat_pictures_are_not_alike(record):
    flat = [record(hash_=[0, 0, 0, 0]), record(hash_=[0, 0, 0, 0])]
    assert find_duplicates(flat) == ()
    assert find_duplicates([record()]) == ()


def test_surplus():
    assert Duplicates("exact", (1, 5, 9), across=False).surplus == 2

"""What keeps the review of named photos fast on PostgreSQL: an index like the queue's.

SQLite's index by correction holds every status anyway.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes it."""
    if op.get_context().dialect.name == "sqlite":
        return
    # Word for word what the queue asks for, or the database does not see that it is the same.
    waits = sa.text("missing_since IS NULL AND corrected IS false AND status = 'dog'")
    op.create_index(
        "photo_to_review_dog",
        "photo",
        ["margin", "id"],
        postgresql_where=waits,
        postgresql_include=["picture"],
    )

"""Everything that needs torch: from folders of breeds to bundles.

Importing this package imports nothing heavy; its modules do.
"""

"""How the files of a video are called."""

# By what stands before the number: everybody's names, and those that the configs of
# MMAction2 1.x ask for.
FIELDS = {'flow_x': 'flow_{}_{:05}.jpg', 'x': '{}_{:05}.jpg'}
FRAME = 'img_{:05}.jpg'
FIRST = 1
# Beside them: the record of how they were made, and checksums for `md5sum -c`.
RECORD = 'extraction.json'
CHECKSUMS = 'checksums.md5'

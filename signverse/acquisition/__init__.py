"""What the platform gives, by yt-dlp: metadata, subtitle tracks and the video stream.

options     yt-dlp's options as the config wants them, and the secrets among them
client      yt-dlp with these options; its errors as ours
extraction  one question to the platform about one video
formats     which of the formats on offer is taken, and why
facts       metadata.json
tracks      subtitles.json
streams     download.json and the download itself
addresses   addresses without signatures and logins
checks      whether a finished file is what it should be: video.json
"""

SCHEMA_VERSION = 2  # of metadata.json, subtitles.json and download.json
VIDEO_SCHEMA_VERSION = 1  # of video.json

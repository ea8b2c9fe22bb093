"""Reading and writing of media files: frames, pictures, sound and subtitles."""

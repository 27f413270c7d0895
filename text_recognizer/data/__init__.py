"""Where the images and their transcripts come from. Everything here is numpy; nothing imports torch."""

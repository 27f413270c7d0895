"""WHO IS TOLD: the channels of a configuration file, and the processes that send to them. Nothing here knows of jobs."""

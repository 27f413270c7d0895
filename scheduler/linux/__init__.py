"""THE KERNEL'S DOORS: processes, locks, blocks of files, wake-ups. Each names the page of the manual that it follows."""

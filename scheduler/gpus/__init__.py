"""What to run on: readings of the GPUs (NVML), claims on them (locked descriptors), admission (pure decisions).

reading     the values: Process, Gpu, Reading, and what CUDA_VISIBLE_DEVICES leaves of them
nvml        one reading from the driver's library; the only module that loads it, and only in the sampler process
ownership   which claim a process on a GPU belongs to
presence    whether this machine has an NVIDIA driver at all, without loading it
sampler     the door to readings: a small process (sampling) that prints one a second
directory   where the claims of this machine lie
mutex       the short lock around every decision
placement   what is asked, granted, refused and held: values
claims      a claim: one locked descriptor that the job inherits
watch       wakes up when a claim ends
admission   may this job start now, where, and if not, why not
observation what one observer remembers from reading to reading
waiting     wait for a claim
lone        a claim for a process that no runner started
"""

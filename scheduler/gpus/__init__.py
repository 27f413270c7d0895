"""What to run on: readings of the GPUs (NVML), claims on them (locked descriptors), admission (pure decisions).

reading     the values: Process, Gpu, Reading, and what CUDA_VISIBLE_DEVICES leaves of them
nvml        one reading from the driver's library; the only module that loads it, and only in the sampler process
identities  what GPUs are called, kept for when one of them is lost
ownership   which claim a process on a GPU belongs to
driver      whether this machine has an NVIDIA driver at all, without loading it
sampler     the door to readings: a small process (sampler_process) that prints one a second
directory   where the claims of this machine lie
survey      what lies there: living claims, and what is none
mutex       the short lock around every decision
ports       ports that no other job of this machine has
placement   what is asked, granted, refused and held: values
holders     a living process for each claim
claims      a claim: one locked descriptor that the job inherits
observation what one observer remembers from reading to reading
admission   may this job start now, where, and if not, why not
packing     how much a job asks for, learned from earlier attempts
view        all that a decision depends on at one moment, and the decisions asked of it
desk        observe, decide, take: what runners, `exec` and lone processes stand at
arrival     the desk of a driver that comes later
waiting     wait at the desk for a claim
lone        a claim for a process that no runner started
status      how each GPU stands, for people
"""

"""Training in several processes: torch's process group, its ranks and its collectives.

Rank 0 runs the command as if it were alone, writes all files and prints. The other ranks wait
for functions to call together with it (`group.ProcessGroup.on_all_ranks`), each on its part of
the work. `launch.init_process_group` joins the group that a launcher such as `torchrun` has
started; without a launcher there is a group of one process, in which all of this is a plain call.
"""

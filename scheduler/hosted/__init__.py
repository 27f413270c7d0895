"""Jobs of queues on other machines: taken over a line, run here by a runner under the claims of this machine, and told of."""

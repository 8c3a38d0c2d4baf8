"""What every contender of ../race.ts answers: "ready" after the first step, then so many timed steps a line."""
import json
import resource
import sys
import time


def serve(step, version, peak=None):
    """`peak` gives the most bytes that were taken at once, where they are not the process's."""
    step()
    print(json.dumps({"ready": True, "version": version}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            times.append((time.perf_counter() - start) * 1000)
        taken = peak() if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"milliseconds": times, "peakMemoryBytes": taken}), flush=True)

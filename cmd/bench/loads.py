import json, resource, sys, time

began = time.perf_counter()
with open(sys.argv[1], encoding="utf-8") as f:
    text = f.read()
posts = json.loads(text[text.index("=") + 1:])
seconds = time.perf_counter() - began
print(json.dumps({"Seconds": seconds, "Peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))

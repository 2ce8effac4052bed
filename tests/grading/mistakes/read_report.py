RIGHT = [
    """
def rows(log):
    header, table = None, []
    for line in log.split("\\n"):
        line = line.split("] ", 1)[-1]
        words = line.replace("[", " ").replace("]", " ").split()
        if words[:2] == ["pid", "uid"]:
            header = words
            table.append([])
        elif header and len(words) == len(header) and words[0].isdigit():
            table[-1].append(dict(zip(header, words)))
    return table

def killed(log):
    pids = []
    for line in log.split("\\n"):
        if "Killed process" in line:
            pids.append(int(line.split("Killed process ")[1].split()[0]))
    return pids

def pages(row):
    tables = row.get("pgtables_bytes")
    tables = int(tables) // 4096 if tables else int(row["nr_ptes"]) + int(row["nr_pmds"])
    return int(row["rss"]) + int(row["swapents"]) + tables

def worst(log):
    ram = [int(l.split()[-3]) for l in log.split("\\n") if l.endswith("pages RAM")][0]
    best, answer = -1, None
    for row in rows(log)[0]:
        adj = int(row["oom_score_adj"])
        points = max(1, pages(row) + adj * (ram // 1000))
        if adj > -1000 and points > best:
            best, answer = points, int(row["pid"])
    return answer

def what_is_wrong(log):
    pids = killed(log)
    if "limit" in log.split("Killed")[0] or "oom_memcg" in log:
        return "limit"
    if len(pids) > 1 and any(row["pid"] == str(pids[0]) for row in rows(log)[1]):
        return "stuck"
    if worst(log) != pids[0]:
        return "child"
    first = {int(row["pid"]): pages(row) for row in rows(log)[0]}
    return "nothing" if first[pids[0]] == max(first.values()) else "spared"
""",
    """
import re

PID = re.compile(r"Killed process (\\d+)")

def killed(log):
    return [int(match[1]) for match in PID.finditer(log)]

def parse(log):
    out = []
    for block in re.split(r"\\[ *pid *\\]", log)[1:]:
        head, *lines = block.splitlines()
        found = {}
        for line in lines:
            match = re.search(r"\\] \\[ *(\\d+)\\](.*)", line)
            if match:
                found[int(match[1])] = dict(zip(head.split(), match[2].split()))
        out.append(found)
    return out

def worst(log):
    if "pages RAM" not in log:
        return 0
    total = int(re.search(r"(\\d+) pages RAM", log)[1])
    def points(item):
        row = item[1]
        table = sum(int(row.get(k, 0)) for k in ("nr_ptes", "nr_pmds"))
        table += int(row.get("pgtables_bytes", 0)) // 4096
        adj = int(row["oom_score_adj"])
        if adj == -1000:
            return -10**9
        return int(row["rss"]) + table + adj * (total // 1000)
    return max(parse(log)[0].items(), key=points)[0]

def what_is_wrong(log):
    if "pages RAM" not in log:
        return "limit"
    first, *rest = parse(log)
    dead = killed(log)
    if rest and dead[0] in rest[0]:
        return "stuck"
    if dead[0] != worst(log):
        return "child"
    if max(first, key=lambda pid: int(first[pid]["rss"])) != dead[0]:
        return "spared"
    return "nothing"
""",
]
ALL = "who_was_killed most_points limit child spared stuck"
MISTAKES = [
    ("who_was_killed limit child spared stuck", "", "Killed process", "Kill process"),
    ("most_points", "has more points", "max(rows", "min(rows"),
    ("most_points", "shifted", "(total // 1000)", "0"),
    ("most_points", "raised KeyError", 'if "pgtables_bytes" in row:', "if False:"),
    (
        "most_points",
        "whole number",
        'return int(max(rows, key=points)["pid"])',
        'return max(rows, key=points)["pid"]',
    ),
    ("limit", "'limit'", 'return "limit"', 'return "nothing"'),
    ("stuck", "'stuck'", 'return "stuck"', 'return "nothing"'),
    (
        "stuck",
        "'nothing'",
        'if any(int(row["pid"]) == dead[0] for rows in later for row in rows):',
        "if len(dead) > 1:",
    ),
    ("child", "'child'", 'return "child"', 'return "nothing"'),
    ("spared", "'spared'", 'return "spared" if', 'return "nothing" if'),
    ("limit child spared stuck", "'nothing'", 'else "nothing"', 'else "spared"'),
]
MISTAKES.append(
    ("who_was_killed", "missing", "log)]\n", "log)][:1] * 2\n"),
)

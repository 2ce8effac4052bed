RIGHT = [
    """
def can_madv_dontneed_vma(vma):
    return not any(f in ("VM_LOCKED", "VM_HUGETLB", "VM_PFNMAP") for f in vma["flags"])

def oom_reap_vmas(vmas):
    names = []
    for vma in vmas:
        if not can_madv_dontneed_vma(vma):
            continue
        if vma["anonymous"] or not ("VM_SHARED" in vma["flags"]):
            names.append(vma["name"])
    return names
""",
    """
def oom_reap_vmas(vmas):
    for vma in vmas:
        flags = frozenset(vma["flags"])
        if flags.isdisjoint({"VM_LOCKED", "VM_HUGETLB", "VM_PFNMAP"}) and (
            vma["anonymous"] or "VM_SHARED" not in flags
        ):
            yield vma["name"]
""",
]
ALL = "private_anonymous files spared order"
MISTAKES = [
    (
        "files order",
        "a private one and a shared one",
        '(vma["anonymous"] or "VM_SHARED" not in vma["flags"])',
        'vma["anonymous"]',
    ),
    ("files", "mappings of files", 'and (vma["anonymous"] or "VM_SHARED" not in vma["flags"])', ""),
    (
        "files order",
        "mappings of files",
        ' or "VM_SHARED" not in',
        ' and "VM_SHARED" not in',
    ),
    ("spared order", "VM_LOCKED", '"VM_LOCKED", ', ""),
    ("spared", "VM_HUGETLB", '"VM_HUGETLB", ', ""),
    ("spared", "VM_PFNMAP", ', "VM_PFNMAP"}', "}"),
    (
        "private_anonymous spared order",
        "VM_LOCKED",
        'not spared & set(vma["flags"])',
        'vma["flags"] != ["VM_LOCKED"]',
    ),
    (ALL, "must be strings (str), not dict", 'vma["name"]\n', "vma\n"),
    (
        "order",
        "order of the address space",
        "",
        '\ndef oom_reap_vmas(vmas):\n    spared = {"VM_LOCKED", "VM_HUGETLB", "VM_PFNMAP"}\n'
        '    return sorted(v["name"] for v in vmas if not spared & set(v["flags"])\n'
        '                  and (v["anonymous"] or "VM_SHARED" not in v["flags"]))\n',
    ),
    (ALL, "list or tuple", "", "def oom_reap_vmas(vmas):\n    return len(vmas)\n"),
    (ALL, "raised KeyError", 'vma["anonymous"]', 'vma["anon"]'),
]

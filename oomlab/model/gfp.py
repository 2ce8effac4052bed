"""What a request may do to get its pages: GFP masks and allocation flags (gfp.h, mm/internal.h).

Values are those of v4.4; only their names and their order of strength matter to the model, and the
log writes them as its version numbers them. One bit has two names: __GFP_REPEAT became
__GFP_RETRY_MAYFAIL, with a new meaning, in v4.13. __GFP_ATOMIC is ignored from v6.3 on, which took
it away. The table of what each class of request may do is docs/gfp-contract.md.
"""

__GFP_HIGHMEM, __GFP_MOVABLE, __GFP_HIGH, __GFP_IO, __GFP_FS = 0x02, 0x08, 0x20, 0x40, 0x80
__GFP_REPEAT = __GFP_RETRY_MAYFAIL = 0x400
__GFP_NOFAIL, __GFP_NORETRY = 0x800, 0x1000
__GFP_MEMALLOC, __GFP_COMP, __GFP_ZERO = 0x2000, 0x4000, 0x8000
__GFP_NOMEMALLOC, __GFP_HARDWALL, __GFP_ATOMIC = 0x10000, 0x20000, 0x80000
__GFP_DIRECT_RECLAIM, __GFP_KSWAPD_RECLAIM = 0x400000, 0x2000000
__GFP_RECLAIM = __GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM

# the usual combinations
GFP_ATOMIC = __GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM
GFP_NOWAIT = __GFP_KSWAPD_RECLAIM
GFP_NOIO = __GFP_RECLAIM
GFP_NOFS = __GFP_RECLAIM | __GFP_IO
GFP_KERNEL = __GFP_RECLAIM | __GFP_IO | __GFP_FS
GFP_HIGHUSER_MOVABLE = GFP_KERNEL | __GFP_HARDWALL | __GFP_HIGHMEM | __GFP_MOVABLE  # a fault's

ALLOC_NO_WATERMARKS, ALLOC_OOM, ALLOC_HARDER, ALLOC_HIGH = 0x04, 0x08, 0x10, 0x20

PAGE_ALLOC_COSTLY_ORDER = 3  # above it the allocator may give up instead of killing
MAX_RECLAIM_RETRIES = 16

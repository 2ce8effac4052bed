"""python -m oomlab"""

from .cli import main

raise SystemExit(main())

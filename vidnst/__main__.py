import sys

from vidnst.command import main

sys.exit(main())

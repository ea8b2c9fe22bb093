"""How the shipped weights are made. Needs torch, numpy, opencv, safetensors and tqdm alone."""

"""GroupViT as published (Xu et al., CVPR 2022, arXiv 2202.11094): its network, its weights and its text tower."""

"""What runs a baked network: PyTorch, OpenVINO or ONNX Runtime, behind one interface."""

"""An adapted model as one ONNX file, which a robot runs without torch and without Crossgap."""

from crossgap.deploy.onnx.export import export_onnx
from crossgap.deploy.onnx.session import OnnxModel

__all__ = ["OnnxModel", "export_onnx"]

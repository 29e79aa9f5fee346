// The whole package by one import. Whoever wants a part of it imports that module alone.
@_exported import Data
@_exported import LoRA
@_exported import Model
@_exported import Report
@_exported import Tensor
@_exported import Training

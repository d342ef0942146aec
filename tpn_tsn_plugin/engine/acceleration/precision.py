"""Which number types a device computes quickly with."""

import torch

DTYPES = {
    'float32': torch.float32,
    'bfloat16': torch.bfloat16,
    'float16': torch.float16,
}
# Processors' names for instructions that multiply bfloat16: x86, and ARM.
BF16_INSTRUCTIONS = ('avx512_bf16', 'amx_bf16', 'bf16', 'arm_bf16')


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device has instructions for bfloat16, rather than emulates it."""
    if device.type == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in BF16_INSTRUCTIONS)


def read_dtype(name: str, device: torch.device) -> torch.dtype:
    """Choose a number type.

    Args:
        name: ``'auto'``, bfloat16 where the device has it and float32 elsewhere, or a
            key of ``DTYPES``.
        device: Where it is computed with.

    Raises:
        ValueError: The device would be slower with it.
    """
    if name == 'auto':
        return torch.bfloat16 if has_bfloat16(device) else torch.float32
    if name == 'bfloat16' and not has_bfloat16(device):
        raise ValueError(
            f"dtype='bfloat16' needs instructions that this {device.type.upper()} "
            "lacks; take 'auto' or 'float32'"
        )
    if name == 'float16' and device.type == 'cpu':
        raise ValueError("dtype='float16' is for GPUs; take 'auto' or 'float32'")
    return DTYPES[name]

#!/usr/bin/env python3
"""Writes a small llama model with random weights, enough for llama-bench to load and compute.

usage: make-model.py LLAMA_CPP_FOLDER OUT.gguf [LAYERS WIDTH VOCABULARY]        default: 4 512 2048

Needs numpy; llama.cpp's own gguf-py does the writing, so the file is what llama.cpp expects.
"""
import sys
from pathlib import Path

import numpy as np

HEADS, CONTEXT = 8, 4096


def main() -> None:
    if len(sys.argv) not in (3, 6):
        sys.exit(__doc__)
    layers, width, vocabulary = map(int, sys.argv[3:] or (4, 512, 2048))
    # Q8_0 has blocks of 32 values.
    feed = width * 11 // 4 + 31 & ~31
    sys.path.insert(0, str(Path(sys.argv[1]) / "gguf-py"))
    import gguf

    random = np.random.default_rng(7)
    writer = gguf.GGUFWriter(sys.argv[2], "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_vocab_size(vocabulary)
    # Tests feed token numbers; the words are there because llama-server turns tokens into text.
    writer.add_tokenizer_model("llama")
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL] + [gguf.TokenType.BYTE] * 256
    more = vocabulary - len(words)
    writer.add_token_list(words + [f"\u2581w{number}" for number in range(more)])
    writer.add_token_scores([0.0] * len(words) + [-float(number) for number in range(more)])
    writer.add_token_types(kinds + [gguf.TokenType.NORMAL] * more)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)

    def matrix(name: str, rows: int, columns: int) -> None:
        values = random.standard_normal((rows, columns), dtype=np.float32) * 0.02
        data = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, data, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    def norm(name: str) -> None:
        writer.add_tensor(name, np.ones(width, dtype=np.float32))

    matrix("token_embd.weight", vocabulary, width)
    matrix("output.weight", vocabulary, width)
    norm("output_norm.weight")
    for layer in range(layers):
        block = f"blk.{layer}."
        norm(block + "attn_norm.weight")
        norm(block + "ffn_norm.weight")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"{block}{part}.weight", width, width)
        matrix(block + "ffn_gate.weight", feed, width)
        matrix(block + "ffn_up.weight", feed, width)
        matrix(block + "ffn_down.weight", width, feed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

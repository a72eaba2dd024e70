#!/usr/bin/env python3
"""Generates with an installed release on the GPU and on the CPU, at temperature 0, and compares the tokens.

usage: same-tokens.py SITE_PACKAGES MODEL.gguf

Rounding differs between the two. Where tokens part, the CPU's own two best candidates must be as good as equal, or the
exit code is 1.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request

PORT = 18431
COUNT = 48
PROMPTS = ([5, 300, 77, 1024, 9], list(range(400, 464)), [7, 8, 9] * 40)
TIE = 0.02  # in the logarithm of the probability


def generate(site: str, model: str, gpu: bool) -> list[dict]:
    environment = {**os.environ, "PYTHONPATH": site, "LLCUDA_VERBOSE": "1"}
    if not gpu:
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    arguments = ["-m", model, "--port", str(PORT), "-ngl", "99", "-c", "2048", "--no-warmup", "--parallel", "1"]
    with open(f"server-{'gpu' if gpu else 'cpu'}.log", "wb") as log:
        command = [sys.executable, "-m", "llcuda", "run", "llama-server", *arguments]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait(server, log.name)
            return [ask(prompt) for prompt in PROMPTS]
        finally:
            server.terminate()
            server.wait()


def wait(server: subprocess.Popen, log: str) -> None:
    for _ in range(300):
        if server.poll() is not None:
            sys.exit(f"llama-server ended with {server.returncode}:\n{open(log, errors='replace').read()[-3000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    sys.exit("llama-server does not answer")


def ask(prompt: list[int]) -> dict:
    body = {
        "prompt": prompt, "n_predict": COUNT, "temperature": 0, "ignore_eos": True, "return_tokens": True,
        "n_probs": 2, "cache_prompt": False,
    }  # fmt: skip
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    site, model = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    on_gpu, on_cpu = generate(site, model, True), generate(site, model, False)
    if "ggml_cuda_init" not in open("server-gpu.log", errors="replace").read():
        sys.exit("the GPU was not used")
    good = True
    for prompt, gpu, cpu in zip(PROMPTS, on_gpu, on_cpu):
        pairs = list(zip(gpu["tokens"], cpu["tokens"]))
        same = next((index for index, (left, right) in enumerate(pairs) if left != right), len(pairs))
        text = f"prompt of {len(prompt)} tokens: {same} of {COUNT} tokens are the same"
        if same < COUNT:
            best = cpu["completion_probabilities"][same]["top_logprobs"]
            margin = best[0]["logprob"] - best[1]["logprob"]
            tie = margin < TIE and gpu["tokens"][same] in [item["id"] for item in best]
            text += f"; there the CPU's two best differ by {margin:.4f}: {'a tie' if tie else 'NOT a tie'}"
            good &= tie
        print(text)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

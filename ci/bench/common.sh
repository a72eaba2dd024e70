# What the benchmarks share; sourced, with $root set to the repository.
tool=${LLCUDA_BUILD:-$root/.build/release/llcuda-build}
if [ -z "${LLCUDA_BUILD:-}" ]; then eval "$("$root/ci/setup" --print-env)"; fi
[ -x "$tool" ] || swift build --package-path "$root" -c release --product llcuda-build >&2

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

# llama.cpp as llcuda-build fetches it; a run that fails after the fetch is enough.
pinned_source() {
  local cache=${LLCUDA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/llcuda-build}
  local folder
  folder=$(ls -d "$cache"/sources/llama_cpp_python-*/vendor/llama.cpp 2>/dev/null | tail -n 1)
  [ -n "$folder" ] || { echo "run ci/release once, or name llama.cpp's folder" >&2; exit 1; }
  printf '%s\n' "$folder"
}

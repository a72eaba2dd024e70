# What the oracles share that compile kernels in two ways; sourced after ci/bench/common.sh, with $work, $archs and
# $options set.

# Compiles all units into $work/NAME and prints the seconds that it took.
compile_units() { # NAME [option...]
  local begin
  begin=$(now)
  "$tool" --archs "$archs" ${options[@]+"${options[@]}"} --no-ptx --shard 1/1 --compiler-cache none "${@:2}" \
    --build "$work/$1" --out "$work/part-$1" >"$work/$1.out" 2>"$work/$1.err" || {
    tail -n 30 "$work/$1.err" >&2
    return 1
  }
  since "$begin"
}

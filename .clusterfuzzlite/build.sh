#!/bin/bash -eu
# Builds the fuzz targets with the compiler and the flags of ClusterFuzzLite, into $OUT, each with its seeds. Libraries are linked
# statically: the machine that runs the targets has none of them.
build=$WORK/build
meson setup "$build" --buildtype=debugoptimized -Dfuzz=true -Dtests=true -Dbench=false -Djemalloc=disabled -Ddpdk=disabled \
  -Dmpi=disabled -Dmpich=disabled -Disal=disabled -Dxlsx=disabled -Dsandbox=disabled -Db_lundef=false --prefer-static
for source in $(grep -l '^int LLVMFuzzerTestOneInput' tests/fuzz/*.c); do
  target=$(basename "$source" .c)
  ninja -C "$build" "tests/fuzz/fuzz_$target" tests/fuzz/seeds
  cp "$build/tests/fuzz/fuzz_$target" "$OUT/"
  (cd "$build/tests/fuzz/seeds/$target" && zip -q -r "$OUT/fuzz_${target}_seed_corpus.zip" .)
  dictionary=$build/tests/fuzz/seeds/$target.dict
  [ ! -f "$dictionary" ] || cp "$dictionary" "$OUT/fuzz_$target.dict"
done

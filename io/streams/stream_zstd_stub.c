/* Replaces stream_zstd.c in a build without libzstd. */
#include "io/streams/stream_codec.h"

const struct stream_codec stream_codec_zstd = {0};

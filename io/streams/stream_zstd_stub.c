/* In the place of stream_zstd.c in a build that has no library for it. */
#include "io/streams/stream_codec.h"

const struct stream_codec stream_codec_zstd = {0};

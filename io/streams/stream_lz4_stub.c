/* In the place of stream_lz4.c in a build that has no library for it. */
#include "io/streams/stream_codec.h"

const struct stream_codec stream_codec_lz4 = {0};

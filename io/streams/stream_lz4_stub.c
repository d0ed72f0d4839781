/* Replaces stream_lz4.c in a build without liblz4. */
#include "io/streams/stream_codec.h"

const struct stream_codec stream_codec_lz4 = {0};

/* What is wrong with a pcapng block, in words.
 *
 * Length of pcapng_report: one sentence a fault. */
#include "io/formats/pcapng.h"
#include "io/problems.h"

#include <inttypes.h>
#include <stdio.h>

bool pcapng_fault_at(struct record_reader *reader, enum pcapng_broken broken, uint64_t expected,
                     uint64_t found)
{
    reader->state = LANE_FAULT;
    reader->fault = broken;
    reader->fault_value = (uint64_t)MIN(expected, UINT32_MAX) << 32 | MIN(found, UINT32_MAX);
    return false;
}

void pcapng_report(struct capture *c, uint64_t at, struct pcapng_fault f)
{
    char text[160] = "memory is short";
    switch (f.broken) {
    case BROKEN_NOT:
    case BROKEN_MEMORY:
        break;
    case BROKEN_HEADER:
        snprintf(text, sizeof text,
                 "expected a block of at least %d bytes, found the end of the file after %" PRIu32,
                 BLOCK_FRAME, f.found);
        break;
    case BROKEN_CUT:
        snprintf(text, sizeof text,
                 "expected a block of %" PRIu32 " bytes, found the end of the file after %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_LENGTH:
        snprintf(text, sizeof text,
                 "expected a block length of at least %" PRIu32 " for its type, found %" PRIu32, f.expected,
                 f.found);
        break;
    case BROKEN_LENGTH_MAX:
        snprintf(text, sizeof text, "expected a block length of at most %d, found %" PRIu32, BLOCK_LENGTH_MAX,
                 f.found);
        break;
    case BROKEN_LENGTH_ODD:
        snprintf(text, sizeof text, "expected a block length that is a multiple of 4, found %" PRIu32,
                 f.found);
        break;
    case BROKEN_TRAILER:
        snprintf(text, sizeof text,
                 "expected the block length %" PRIu32 " again at the end of the block, found %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_INTERFACE:
        snprintf(text, sizeof text,
                 "expected one of the %" PRIu32 " interfaces of the section, found interface number %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_CAPTURED:
        snprintf(text, sizeof text,
                 "expected a captured length that fits into the block's room of %" PRIu32
                 " bytes, found %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_CAPTURED_MAX:
        snprintf(text, sizeof text, "expected a captured length of at most %" PRIu32 ", found %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_OPTION:
        snprintf(text, sizeof text,
                 "expected an option that ends in the block, in at most %" PRIu32
                 " bytes, found one of %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_OPTION_LENGTH:
        snprintf(text, sizeof text,
                 "expected option %" PRIu32 " with the length that it has by its definition, found %" PRIu32
                 " bytes",
                 f.expected, f.found);
        break;
    case BROKEN_MAGIC:
        snprintf(text, sizeof text,
                 "expected the byte-order magic 0x%08x in either order, found 0x%08" PRIx32, BYTE_ORDER_MAGIC,
                 f.found);
        break;
    case BROKEN_VERSION:
        snprintf(text, sizeof text, "expected a section of version 1.0 or 1.2, found %u.%u", f.found >> 16,
                 f.found & 0xffff);
        break;
    case BROKEN_RESOLUTION_10:
        snprintf(text, sizeof text,
                 "expected a time stamp resolution of 10^-19 or coarser, found 10^-%" PRIu32, f.found);
        break;
    case BROKEN_RESOLUTION_2:
        snprintf(text, sizeof text, "expected a time stamp resolution of 2^-63 or coarser, found 2^-%" PRIu32,
                 f.found);
        break;
    case BROKEN_NAME:
        snprintf(text, sizeof text,
                 "expected a name record that has its address and ends in the block (%" PRIu32
                 " bytes), found one of %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_NAME_END:
        snprintf(text, sizeof text,
                 "expected a name that ends with NUL, found one of %" PRIu32 " bytes without", f.found);
        break;
    case BROKEN_SECRETS:
        snprintf(text, sizeof text,
                 "expected secrets that end in the block, in at most %" PRIu32
                 " bytes, found a length of %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_JOURNAL:
        snprintf(text, sizeof text, "expected a journal entry of at least %" PRIu32 " bytes, found %" PRIu32,
                 f.expected, f.found);
        break;
    case BROKEN_NETFLIX:
        snprintf(text, sizeof text,
                 "expected a custom block of Netflix (10949) of type 1 or 2, found type %" PRIu32, f.found);
        break;
    case BROKEN_SYSDIG:
        snprintf(text, sizeof text, "expected a Sysdig event of at least %" PRIu32 " bytes, found %" PRIu32,
                 f.expected, f.found);
        break;
    }
    problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, (int64_t)at, "%s", text);
}

/* What the files of the set source share: set_source.c, the operations; set_order.c, which input is next;
 * set_sequence.c and set_merging.c, the two ways of reading; set_switch.c, which of the two. */
#ifndef TCPREUSE_SET_SOURCE_INTERNAL_H
#define TCPREUSE_SET_SOURCE_INTERNAL_H

#include "io/sets/cursor_heap.h"
#include "io/sets/read_ahead.h"
#include "io/sets/set_source.h"
#include "io/sets/set_switch.h"

/* One input after the other. Written and read by the claimer only. */
struct sequence {
    struct input *input;     /* that is being claimed; NULL: the next one is to be begun */
    struct capture *capture; /* its use; NULL: input is a stream */
    bool first;              /* the next batch is the first of the input, or the first after a merge */
    uint64_t frames_before;  /* if first: of the input that stand before the batch */
    const void *context;     /* if first: of the lane at offset */
    uint64_t offset;         /* in the capture, of the next batch */
    uint64_t lane_bytes;     /* what is good for the capture's lanes */
    uint64_t limit;          /* in the capture: here the piece ends; UINT64_MAX: not in it */
    uint64_t overlap_at;     /* in the capture: the first late frame is expected here; UINT64_MAX: none is */
    bool cut_short;          /* an input has ended because stopping was asked for */
    struct read_ahead *read_ahead; /* of the capture's pages */
};

struct set_source {
    struct source source;
    struct set_source_params params; /* never written during the run */
    struct input **inputs;           /* likewise: in the order in which they are read */
    /* Bytes of all regular files. Added up by the threads that look at files before the run. */
    _Atomic uint64_t bytes_total;
    /* Bytes of mapped captures that are claimed. Written by the claimer, read by the display; relaxed. */
    _Atomic uint64_t bytes_mapped;
    /* Inputs that could be opened. Written by the claimer (relaxed), read when the run is over. */
    _Atomic size_t opened;
    /* The next input to begin. Written by the claimer (relaxed). Preparing reads it as a hint; what it does
     * to an input is ordered by that input's turn. */
    _Atomic size_t next;

    /* The claimer's: the turn orders claimers. */
    struct sequence sequence;
    struct cursor_heap heap; /* the inputs that are being merged; empty unless merging */
    uint64_t merged_batches;

    struct set_switch sw; /* set_switch.h says who writes what */

    /* What is to be read, planned before the run; everything, unless it is a piece. */
    struct set_border begin, end;
    uint64_t begins_at; /* where that is inside a file; the claimer's, before its first batch */
    uint64_t ends_at;   /* likewise; the settler's from then on, as is the next */
    bool end_faulted;
    const void *header_context, *end_context; /* of the last input: as opened, and behind its last change */
    bool begin_walked;                        /* the claimer's, as begins_at */
    /* The claimer's: files overlap where the piece was to end, so that it goes on, up to this place in one of them, or to the
     * end of all that have begun; and the last input came out of a merge, so that nobody knows how its header says to read
     * it. */
    bool passes, end_merged;
    struct set_border passed_to; /* position 0: to the end */
    uint64_t passed_frames;      /* of that input */
    uint32_t *numbers;           /* of the inputs in `inputs`, in the order given */
};

/* Waits for the turn of an input, which others hold while they open it or fill it ahead. */
void set_wait_for_turn(struct input *in);
/* The input that the capture belongs to. */
struct input *set_input_of(const struct set_source *s, const struct capture *c);
/* Inputs that are read are before this one. */
static inline size_t set_inputs_end(const struct set_source *s)
{
    return s->end.input + (s->end.position > 0);
}
static inline struct input *set_next_input(const struct set_source *s)
{
    size_t i = atomic_load_explicit(&s->next, memory_order_relaxed);
    return i < set_inputs_end(s) ? s->inputs[i] : NULL;
}

/* The same, though it is another piece's: where files overlap, a merge cannot stop at a border. */
static inline struct input *set_next_merged(const struct set_source *s)
{
    size_t i = atomic_load_explicit(&s->next, memory_order_relaxed);
    return i < s->params.count ? s->inputs[i] : NULL;
}

/* set_order.c */

/* Finds when the inputs begin, and puts them in order. Before the run. */
void order_inputs(struct set_source *s);
/* Frames of the input that are later than this come after the first frame of next (NULL: there is none). */
int64_t order_time_limit(const struct set_source *s, const struct input *in, const struct input *next);

/* set_standing.c */

/* A batch is settled: up to where its input is read. By the settler. */
void standing_note(const struct batch *b);

/* set_piece.c */

/* Before the run, once the inputs are in order. */
void piece_plan(struct set_source *s);
/* Where the piece ends in an input; UINT64_MAX: not in it. */
uint64_t piece_limit(const struct set_source *s, const struct input *in);
/* The sequence begins with this input: where in it. By the claimer. */
void piece_begin_input(struct set_source *s, struct input *in);
/* By the settler. */
void piece_settled(struct set_source *s, const struct batch *b);
void piece_change(struct set_source *s, const struct capture *c, const void *context);
void piece_fault(struct set_source *s, const struct capture *c);
/* A merge has one input left, between two frames, and the next one begins later: does the piece go on with it? By the claimer. */
bool piece_goes_on(struct set_source *s, const struct cursor *c);
/* A merge has none left. Likewise. */
void piece_merge_ended(struct set_source *s);
/* Whether the piece begins inside this input. */
bool piece_continues(const struct set_source *s, const struct capture *c);

/* set_sequence.c. By the claimer, but for sequence_prepare(). */

enum claim sequence_claim(struct set_source *s, struct batch *b);
/* Where the next batch begins, if it is the first. */
struct switch_place sequence_place(const struct sequence *q);
/* Ends the sequence at a place in its capture. Returns where a merge has to go on, with a use. */
struct cursor_start sequence_leave(struct set_source *s, const struct switch_place *place);
/* The sequence goes on behind the cursor's last frame. */
void sequence_continue(struct set_source *s, const struct cursor *c);
/* Nothing is under way, and the inputs from here on have not begun. */
void sequence_rewind(struct set_source *s, size_t next);
/* Counts the input among those that could be opened, once. */
void sequence_count_opened(struct set_source *s, struct input *in);
/* Any thread: the source's prepare. */
bool sequence_prepare(struct set_source *s, bool idle);
void sequence_close(struct sequence *q);

/* set_merging.c. By the claimer. */

struct merged;

/* Begins with this input, at this place, whose uses go over. */
void merging_begin(struct set_source *s, struct input *in, const struct cursor_start *start);
enum claim merging_claim(struct set_source *s, struct batch *b);
/* All that is left is one stream, which reads no more once stopping is asked for. */
bool merging_ends_itself(const struct set_source *s);
/* Of the batches that it has claimed: as the source's operations. Any thread that has the batch. */
void merging_walk(const struct merged *m, struct walk *walk);
const struct capture *merging_origin(const struct merged *m, uint64_t index, uint64_t *number);
/* Frames whose bytes are gone, since a file became shorter, are empty from now on. */
void merging_find_ends(struct merged *m);
void merging_release(struct merged *m);

#endif

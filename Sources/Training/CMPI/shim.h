#ifndef CMPI_SHIM_H
#define CMPI_SHIM_H

// What we use of MPI, as functions: its constants are macros, and its handles are pointers in Open MPI and numbers in
// MPICH, so that Swift cannot name them. Each function returns MPI's own error code.

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A handle of either library, in a structure that Swift sees alike.
typedef struct {
    MPI_Comm comm;
} mpi_communicator;
typedef struct {
    MPI_Request request;
} mpi_request;

enum { mpi_success = MPI_SUCCESS };
// The least that MPI promises as the largest tag.
enum { mpi_largest_tag = 32767 };
enum { mpi_longest_text = MPI_MAX_LIBRARY_VERSION_STRING + MPI_MAX_ERROR_STRING + MPI_MAX_PROCESSOR_NAME };

static inline int mpi_start(bool *has_level) {
    int level = MPI_THREAD_SINGLE;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    *has_level = level >= MPI_THREAD_FUNNELED;
    return code;
}

static inline bool mpi_was_started(void) {
    int answer = 0;
    return MPI_Initialized(&answer) == MPI_SUCCESS && answer;
}

// A communicator of our own with every process, whose errors are returned instead of ending the program.
static inline int mpi_world(mpi_communicator *world) {
    int code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (code == MPI_SUCCESS) code = MPI_Comm_dup(MPI_COMM_WORLD, &world->comm);
    if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(world->comm, MPI_ERRORS_RETURN);
    return code;
}

static inline int mpi_place(mpi_communicator group, int32_t *rank, int32_t *count) {
    int its_rank = 0, its_count = 1;
    int code = MPI_Comm_rank(group.comm, &its_rank);
    if (code == MPI_SUCCESS) code = MPI_Comm_size(group.comm, &its_count);
    *rank = its_rank;
    *count = its_count;
    return code;
}

// The place among the processes that share this one's memory.
static inline int mpi_local_place(mpi_communicator group, int32_t order, int32_t *rank, int32_t *count) {
    mpi_communicator local;
    int code = MPI_Comm_split_type(group.comm, MPI_COMM_TYPE_SHARED, order, MPI_INFO_NULL, &local.comm);
    if (code != MPI_SUCCESS) return code;
    code = mpi_place(local, rank, count);
    int freed = MPI_Comm_free(&local.comm);
    return code == MPI_SUCCESS ? freed : code;
}

static inline int mpi_send(const float *values, int32_t count, int32_t to, int32_t tag, mpi_communicator group,
                           mpi_request *request) {
    return MPI_Isend(values, count, MPI_FLOAT, to, tag, group.comm, &request->request);
}

static inline int mpi_receive(float *values, int32_t count, int32_t from, int32_t tag, mpi_communicator group,
                              mpi_request *request) {
    return MPI_Irecv(values, count, MPI_FLOAT, from, tag, group.comm, &request->request);
}

static inline int mpi_gather_lengths(const int32_t *length, int32_t *lengths, mpi_communicator group,
                                     mpi_request *request) {
    return MPI_Iallgather(length, 1, MPI_INT32_T, lengths, 1, MPI_INT32_T, group.comm, &request->request);
}

static inline int mpi_gather_bytes(const void *bytes, int32_t count, void *all, const int32_t *counts,
                                   const int32_t *places, mpi_communicator group, mpi_request *request) {
    return MPI_Iallgatherv(bytes, count, MPI_BYTE, all, counts, places, MPI_BYTE, group.comm, &request->request);
}

static inline int mpi_barrier(mpi_communicator group, mpi_request *request) {
    return MPI_Ibarrier(group.comm, &request->request);
}

// Moves all communication along, and says whether that of the requests is done; then they are no more.
static inline int mpi_are_done(int32_t count, mpi_request *requests, bool *are_done) {
    int flag = 0;
    int code = MPI_Testall(count, &requests->request, &flag, MPI_STATUSES_IGNORE);
    *are_done = flag;
    return code;
}

static inline int mpi_finish(mpi_communicator group) {
    MPI_Comm_free(&group.comm);
    return MPI_Finalize();
}

static inline void mpi_abort(int32_t exit_code) { MPI_Abort(MPI_COMM_WORLD, exit_code); }

// Texts of at most mpi_longest_text bytes, with their end.
static inline bool mpi_error_text(int code, char *text) {
    int length = 0;
    return MPI_Error_string(code, text, &length) == MPI_SUCCESS;
}

static inline bool mpi_library_version(char *text) {
    int length = 0;
    return MPI_Get_library_version(text, &length) == MPI_SUCCESS;
}

static inline bool mpi_host_name(char *text) {
    int length = 0;
    return MPI_Get_processor_name(text, &length) == MPI_SUCCESS;
}

#endif

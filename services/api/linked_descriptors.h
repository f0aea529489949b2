// LinkDescriptors: makes server reflection able to describe what no service of
// ours refers to.
#ifndef MQTTPUSH_SERVICES_API_LINKED_DESCRIPTORS_H_
#define MQTTPUSH_SERVICES_API_LINKED_DESCRIPTORS_H_

namespace mqttpush {

// Call once before the server is built. Without this reference the linker
// leaves the generated code of grpc.health.v1 and google.rpc out of the
// program, and grpcurl can neither call the health service nor print error
// details.
void LinkDescriptors();

}  // namespace mqttpush

#endif  // MQTTPUSH_SERVICES_API_LINKED_DESCRIPTORS_H_

#include "services/api/linked_descriptors.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"

namespace mqttpush {

void LinkDescriptors() {
  google::rpc::ErrorInfo::descriptor();
  google::rpc::Status::descriptor();
  ::grpc::health::v1::HealthCheckRequest::descriptor();
}

}  // namespace mqttpush

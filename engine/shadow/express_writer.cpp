// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/express_writer.h"

#include "engine/shadow/document_json.h"

namespace umbra::shadow {
namespace {

class express_writer final : public writer {
 public:
  explicit express_writer(writer_metadata metadata) : metadata_(std::move(metadata)) {}

  const writer_identity& identity() const override { return metadata_.identity; }
  result<writer_metadata> identify(const writer_session&) override { return metadata_; }
  result<void> handle(const writer_call&) override { return success(); }
  void cancel() noexcept override {}

 private:
  const writer_metadata metadata_;
};

}  // namespace

result<std::shared_ptr<writer>> make_express_writer(std::string_view document, const guid& instance) {
  TRY(auto metadata, writer_metadata_from_json(document));
  if (metadata.identity.instance_id.is_none()) metadata.identity.instance_id = instance;
  return std::shared_ptr<writer>(std::make_shared<express_writer>(std::move(metadata)));
}

}  // namespace umbra::shadow

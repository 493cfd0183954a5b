import { MessageNotificationPopover } from "@mail/core/common/message_notification_popover";
import { CopyButton } from "@web/core/copy_button/copy_button";

// The line of PowerShell in the details of a failure is there to be copied.
MessageNotificationPopover.components = { ...MessageNotificationPopover.components, CopyButton };

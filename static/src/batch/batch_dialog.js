import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** Records of one call: a second or less. */
const AT_A_TIME = 10;

/** Calls a method for many records, some at a time, and shows how far it is. What was done stays, however it ends. */
export class BatchDialog extends Component {
    static template = "mail_office365.BatchDialog";
    static components = { Dialog };
    static props = { model: String, method: String, ids: Array, title: String, close: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ done: 0, failed: 0, failure: "", isRunning: true, isStopping: false });
        onMounted(() => this.run());
        onWillUnmount(() => this.stop());
    }

    get total() {
        return this.props.ids.length;
    }

    get number() {
        return this.state.done + this.state.failed;
    }

    /** What is said of the progress, to screen readers as well. */
    get status() {
        const { done, failed, isRunning, isStopping } = this.state;
        const values = { number: this.number, total: this.total, done, failed };
        if (isRunning && isStopping) {
            return _t("Stops when those that were begun are done…");
        }
        if (isRunning) {
            return _t("%(number)s of %(total)s", values);
        }
        return failed
            ? _t("%(done)s of %(total)s done, %(failed)s failed. The list says why.", values)
            : _t("%(done)s of %(total)s done.", values);
    }

    async run() {
        const { ids, model, method } = this.props;
        try {
            while (this.number < this.total && !this.state.isStopping) {
                const some = ids.slice(this.number, this.number + AT_A_TIME);
                const { done, failed } = await this.orm.silent.call(model, method, [some]);
                this.state.done += done;
                this.state.failed += failed;
            }
        } catch (error) {
            this.state.failure = error.data?.message || error.message;
        }
        this.state.isRunning = false;
    }

    stop() {
        this.state.isStopping = true;
    }
}

function batchAction(env, action) {
    env.services.dialog.add(BatchDialog, action.params, {
        onClose: () => env.services.action.doAction({ type: "ir.actions.client", tag: "soft_reload" }),
    });
}

registry.category("actions").add("mail_office365.batch", batchAction);

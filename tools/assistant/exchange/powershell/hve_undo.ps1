if (Get-MailUser -Identity $HveAccount -ErrorAction SilentlyContinue) {
    # Take the account from all its apps.
    $Apps = (Get-HVEAccountSettings -Identity $HveAccount).AllowedApps
    if ($Apps) {
        Remove-HVEAppAccess -Identity $HveAccount -AppIds $Apps
    }
    # Remove the account. PowerShell asks first.
    Remove-MailUser -Identity $HveAccount -Confirm:$true
}

/**
 * The smallest IAM policy with which verify, bake and sweep work. The tests compare it with the actions that a real
 * run calls. It allows changes and removals only for things with our tag.
 */
import { RUN_TAG } from './tags';

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const OURS = { Null: { [`aws:ResourceTag/${RUN_TAG}`]: 'false' } };

export const EC2_POLICY: { readonly Version: string; readonly Statement: readonly PolicyStatement[] } = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Look',
      Effect: 'Allow',
      Action: [
        'ec2:DescribeImages',
        'ec2:DescribeInstanceTypes',
        'ec2:DescribeInstances',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSnapshots',
        'ec2:DescribeSubnets',
        'ec2:DescribeVolumes',
        'ec2:DescribeVpcs',
      ],
      Resource: '*',
    },
    {
      Sid: 'Make',
      Effect: 'Allow',
      Action: ['ec2:CreateImage', 'ec2:CreateSecurityGroup', 'ec2:RunInstances'],
      Resource: '*',
    },
    {
      Sid: 'TagWhatIsMade',
      Effect: 'Allow',
      Action: ['ec2:CreateTags'],
      Resource: '*',
      Condition: {
        StringEquals: { 'ec2:CreateAction': ['CreateImage', 'CreateSecurityGroup', 'RunInstances'] },
      },
    },
    {
      Sid: 'OnlyWhatCarriesOurTag',
      Effect: 'Allow',
      Action: [
        'ec2:AuthorizeSecurityGroupIngress',
        'ec2:DeleteSecurityGroup',
        'ec2:DeleteSnapshot',
        'ec2:DeleteVolume',
        'ec2:DeregisterImage',
        'ec2:GetConsoleOutput',
        'ec2:StopInstances',
        'ec2:TerminateInstances',
      ],
      Resource: '*',
      Condition: OURS,
    },
  ],
};
